"""What a page says of itself where it is shared: data, cards, and what each network accepts. No I/O."""
