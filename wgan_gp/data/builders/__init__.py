"""TFDS builders of image sets that installed Python packages ship.

TensorFlow Datasets (TFDS) calls the program that writes a set to disk a builder. The
builders here need neither a network nor TensorFlow.
"""
