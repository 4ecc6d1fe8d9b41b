"""Pictures drawn with an exact alpha: the things in front, what lies behind them, and the camera that sees both."""
