"""What goes along where a schedule gets another name, or comes from another workspace."""
