"""The local `awsx` provider: VPCs as components of `aws` resources."""
