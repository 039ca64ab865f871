"""Video models: the contract the pipeline runs against, and one module per family."""
