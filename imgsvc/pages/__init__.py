"""What pages say about themselves: the only room that knows the HTML parser; bytes in, typed tags out."""
