"""Small tools shared by every part of the toolkit; nothing is imported until it is asked for by its module's name."""
