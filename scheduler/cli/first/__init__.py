"""A first configuration: what is asked (``questions``), tried (``trial``) and written (``text``, ``files``)."""
