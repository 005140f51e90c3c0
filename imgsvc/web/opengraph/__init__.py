"""What is asked of pages, and how it is answered."""
