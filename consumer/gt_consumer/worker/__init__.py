"""gt-consume: take story messages from the queue, run them, publish the results, then ack."""
