"""
Answers from memory that the server's own protocol gives, before a request is parsed, routed or handled.

A request that was answered from memory once is answered here when it comes again: the same request line, and the same
values of all headers that may decide. Memory is asked each time, in the very call that the handler makes
(:mod:`imgsvc.web.repeatable`), and the head is made by the very functions (:mod:`imgsvc.web.responses`): what is saved
is understanding the request and writing the head anew. Whatever is not understood goes the way of all requests.

No other room knows of this one; the server hands out its connections, or plain ones (``IMGSVC_HIT_PATH``).
"""
