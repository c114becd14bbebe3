from answering import serve

serve(only="ready")
