"""What lists are made of: chips that filter, columns that sort, bars of the last runs."""
