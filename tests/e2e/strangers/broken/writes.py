from pathlib import Path

from answering import serve

Path("/var/cache/greeting").write_text("hello")
serve()
