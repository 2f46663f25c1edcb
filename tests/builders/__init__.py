"""Valid objects and the files they are read from, with short defaults; nothing is started."""
