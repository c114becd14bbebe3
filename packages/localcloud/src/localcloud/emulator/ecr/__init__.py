"""What MiniStack's ECR lets pass and Amazon ECR refuses: lifecycle, immutable tags, layers, other accounts."""
