import os

from answering import serve

os.environ["API_URL"]
serve()
