from answering import serve

serve(8000)
