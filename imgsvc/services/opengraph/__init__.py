"""Pages as they are shared: what they say of themselves, and which picture stands for them."""
