"""The only room that knows this process's memory."""
