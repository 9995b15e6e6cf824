"""What a plan does to fires."""
