"""Encoders: MobileNetV2, VGG-16, ResNet-34 and the Mix Transformer."""
