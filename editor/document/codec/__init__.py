"""What every picture file is made of: pixels through OpenCV, EXIF blocks, PNG chunks. No file is opened here."""
