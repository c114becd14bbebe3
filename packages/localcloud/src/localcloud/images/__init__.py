"""Build images, know their content, and talk to image registries."""
