"""Matting without networks: closed-form, KNN and sampling. numpy, cv2 and scipy only."""
