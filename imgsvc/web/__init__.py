"""Turns HTTP into questions and answers into HTTP."""
