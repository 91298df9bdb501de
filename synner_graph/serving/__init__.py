"""The server: named texts over HTTP, and a page to look at them."""
