from answering import serve

serve(moved=True)
