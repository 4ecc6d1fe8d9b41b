; Inno Setup 6: an installer for dist\mattelier, made with
;     iscc /DVersion=0.1.0 packaging\windows\mattelier.iss
; Not yet run: written on Linux together with the rest, to be tried on the first Windows build.

#ifndef Version
  #error Give the version: iscc /DVersion=0.1.0 mattelier.iss
#endif

[Setup]
AppId={{6C1B4E52-0E0A-4F5B-9C2D-7A9B3D1F8E64}
AppName=Mattelier
AppVersion={#Version}
DefaultDirName={autopf}\Mattelier
DefaultGroupName=Mattelier
DisableProgramGroupPage=yes
; For one user without administrator rights, or for all with them: whoever installs decides.
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
ChangesEnvironment=yes
Compression=lzma2/max
SolidCompression=yes
LicenseFile=..\..\LICENSE
SetupIconFile=..\..\build\icons\mattelier.ico
UninstallDisplayIcon={app}\mattelierw.exe
OutputDir=..\..\dist
OutputBaseFilename=mattelier-{#Version}-setup
WizardStyle=modern

[Tasks]
Name: desktopicon; Description: "Put an icon on the desktop"; Flags: unchecked
Name: path; Description: "Add the command mattelier to PATH"; Flags: unchecked

[Files]
Source: "..\..\dist\mattelier\*"; DestDir: "{app}"; Flags: recursesubdirs createallsubdirs ignoreversion

[Icons]
Name: "{group}\Mattelier"; Filename: "{app}\mattelierw.exe"
Name: "{autodesktop}\Mattelier"; Filename: "{app}\mattelierw.exe"; Tasks: desktopicon

[Registry]
; "Open with": offered for pictures, never made their default program.
Root: HKA; Subkey: "Software\Classes\Applications\mattelierw.exe"; ValueType: string; ValueName: "FriendlyAppName"; ValueData: "Mattelier"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Applications\mattelierw.exe\shell\open\command"; ValueType: string; ValueData: """{app}\mattelierw.exe"" ""%1"""
Root: HKA; Subkey: "Software\Classes\Applications\mattelierw.exe\SupportedTypes"; ValueType: string; ValueName: ".jpg"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\mattelierw.exe\SupportedTypes"; ValueType: string; ValueName: ".jpeg"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\mattelierw.exe\SupportedTypes"; ValueType: string; ValueName: ".png"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\mattelierw.exe\SupportedTypes"; ValueType: string; ValueName: ".tif"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\mattelierw.exe\SupportedTypes"; ValueType: string; ValueName: ".tiff"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\mattelierw.exe\SupportedTypes"; ValueType: string; ValueName: ".webp"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\mattelierw.exe\SupportedTypes"; ValueType: string; ValueName: ".ora"; ValueData: ""
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Tasks: path; Check: NotOnPath

[Run]
Filename: "{app}\mattelierw.exe"; Description: "Start Mattelier"; Flags: nowait postinstall skipifsilent

[Code]
function NotOnPath: Boolean;
var
  Path: String;
begin
  Result := not RegQueryStringValue(HKCU, 'Environment', 'Path', Path)
    or (Pos(';' + Uppercase(ExpandConstant('{app}')) + ';', ';' + Uppercase(Path) + ';') = 0);
end;
