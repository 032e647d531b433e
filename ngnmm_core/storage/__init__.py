"""Files that are whole or not there: atomic writing, checksums, netCDF."""
