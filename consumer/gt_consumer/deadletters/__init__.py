"""Dead letters: which are meant, what ledger and queue say of them, what operators do with them."""
