"""What is wrong with a document: by its JSON schema, and by what a schema cannot say."""
