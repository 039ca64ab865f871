"""Where sessions are kept: the contract, and its implementations in memory and in SQL."""
