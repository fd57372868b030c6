"""The gRPC edge: reads requests, asks the index, writes answers. What a verdict is, it leaves to the layers below."""
