"""What varies in a training picture and leaves its label true."""
