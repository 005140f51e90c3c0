"""What a picture looks like, and what it would look like on another background; pure on pixels."""
