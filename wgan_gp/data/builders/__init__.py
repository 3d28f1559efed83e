"""TFDS builders of sets that an installed package ships."""
