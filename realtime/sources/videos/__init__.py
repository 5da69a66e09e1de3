"""Video files: open, seek, decode and deinterlace them."""
