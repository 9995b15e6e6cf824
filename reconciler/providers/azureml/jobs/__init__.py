"""What runs, between the words of a job file and those of Azure Resource Manager. Pure."""
