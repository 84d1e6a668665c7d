"""Builds the images and runs docker-compose.yml's services in them, without a container engine."""
