"""Notifications: a few messages per batch to those whom GT_NOTIFY names, through Apprise.

The ledger writes what is due into its outbox. This room makes the texts and sends them, beside everything
else.
"""
