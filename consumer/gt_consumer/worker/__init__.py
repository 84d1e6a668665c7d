"""gt-consume: take story messages from the queue, run them in slots, publish results, settle deliveries."""
