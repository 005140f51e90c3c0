"""The logo routes: what they take, what that means, and what their answers say."""
