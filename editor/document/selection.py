"""A region drawn round the subject: what the lasso and the rectangle leave for a job to take up."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from editor.document.geometry import Rect


@dataclass(frozen=True)
class Selection:
    """A closed polygon of (x, y) points in the photo's pixels; its ends are joined."""

    points: tuple[tuple[float, float], ...]

    @classmethod
    def of_rect(cls, rect: Rect) -> Selection:
        """The pixels of a rectangle."""
        right, bottom = rect.right - 1, rect.bottom - 1
        return cls(((rect.x, rect.y), (right, rect.y), (right, bottom), (rect.x, bottom)))

    @property
    def rect(self) -> Rect:
        """The smallest rectangle that holds the polygon; empty without points. It may reach beyond the photo."""
        if not self.points:
            return Rect(0, 0, 0, 0)
        corners = self._corners()
        left, top = (int(v) for v in corners.min(0))
        right, bottom = (int(v) for v in corners.max(0))
        return Rect(left, top, right - left + 1, bottom - top + 1)

    def mask(self, bounds: Rect) -> tuple[np.ndarray, Rect]:
        """The inside as (h, w) bool, edges counted in, and the (maybe empty) part of ``bounds`` that it lies on."""
        area = self.rect.intersect(bounds)
        mask = np.zeros((area.h, area.w), np.uint8)
        if not area.empty:
            cv2.fillPoly(mask, [self._corners() - np.array([area.x, area.y], np.int32)], 1)
        return mask.view(bool), area

    def scaled(self, share: float) -> Selection:
        """The same region in a photo ``share`` times as large."""
        return Selection(tuple((x * share, y * share) for x, y in self.points))

    def _corners(self) -> np.ndarray:
        return np.floor(np.asarray(self.points, np.float64)).astype(np.int32).reshape(-1, 2)
