"""Photos and systems that the tests of classical matting share."""

from __future__ import annotations

import numpy as np


def soft_disc(height: int, width: int, radius: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An image of a textured disc with a soft rim on a textured ground, its true alpha, and a trimap."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    distance = np.hypot(y - height / 2, x - width / 2)
    alpha = np.clip((radius - distance) / 6 + 0.5, 0, 1)
    subject = np.stack([0.8 + 0.1 * np.sin(x / 9), 0.3 + 0.1 * np.cos(y / 7), 0.2 + 0 * x], axis=2)
    ground = np.stack([0.1 + 0 * x, 0.4 + 0.1 * np.sin(y / 11), 0.7 + 0.1 * np.cos(x / 8)], axis=2)
    noise = np.random.default_rng(1).normal(0, 0.004, (height, width, 3))
    image = alpha[..., None] * subject + (1 - alpha[..., None]) * ground + noise
    trimap = np.where(distance < radius - 9, 255, np.where(distance > radius + 9, 0, 128))
    return np.clip(image, 0, 1).astype(np.float32), alpha, trimap.astype(np.uint8)


def dense_laplacian(image: np.ndarray, epsilon: float) -> np.ndarray:
    """The matting Laplacian written down window by window, entry by entry."""
    height, width = image.shape[:2]
    laplacian = np.zeros((height * width, height * width))
    numbers = np.arange(height * width).reshape(height, width)
    for y in range(height - 2):
        for x in range(width - 2):
            colours = image[y : y + 3, x : x + 3].reshape(9, 3).astype(np.float64)
            centred = colours - colours.mean(axis=0)
            inverse = np.linalg.inv(centred.T @ centred / 9 + epsilon / 9 * np.eye(3))
            window = numbers[y : y + 3, x : x + 3].ravel()
            laplacian[np.ix_(window, window)] += np.eye(9) - (1 + centred @ inverse @ centred.T) / 9
    return laplacian
