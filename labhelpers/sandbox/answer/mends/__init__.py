"""What moto does otherwise than AWS, mended in moto itself when it is loaded, one concern a file;
moto.py calls them."""
