"""The right of the status bar: what runs, how far it is, and Cancel."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from editor.jobs import Job, JobRunner


class JobsBar(QWidget):
    """Shows the oldest running job that is not quiet, and how many wait behind it."""

    def __init__(self, jobs: JobRunner) -> None:
        super().__init__()
        self._jobs = jobs
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        self.words = QLabel()
        self.bar = QProgressBar()
        self.bar.setFixedWidth(150)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.button = QPushButton("Cancel")
        self.button.setProperty("quiet", True)
        self.button.setAccessibleName("Cancel what is running")
        self.button.setToolTip("Stop what is running (Esc)")
        self.button.clicked.connect(self.cancel)
        self._key = QLabel("Esc")
        self._key.setProperty("badge", True)
        self._key.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        for part in (self.words, self.bar, self.button, self._key):
            row.addWidget(part)
        self._disconnect = jobs.changed.connect(self.refresh)
        self.destroyed.connect(lambda: self._disconnect())
        self.refresh()

    def refresh(self) -> None:
        """Show how things stand."""
        running = self._jobs.jobs()
        self.setVisible(bool(running))
        if not running:
            return
        job = running[0]
        self.words.setText(describe(job, len(running) - 1))
        self.bar.setValue(round(1000 * job.fraction))
        self.bar.setToolTip(self.words.text())
        self.button.setEnabled(not job.cancelled)

    def cancel(self) -> bool:
        """Stop the job that is shown; False where none is."""
        running = self._jobs.jobs()
        if running:
            running[0].cancel()
            self.refresh()
        return bool(running)


def describe(job: Job, waiting: int) -> str:
    """``Matte: fine pass, 7 of 11 pieces``, and how many jobs wait behind it."""
    doing = "stopping" if job.cancelled else job.text
    words = f"{job.name}: {doing}" if doing else job.name
    return f"{words} (and {waiting} more)" if waiting else words
