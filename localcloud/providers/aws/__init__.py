"""The local `aws` provider."""
