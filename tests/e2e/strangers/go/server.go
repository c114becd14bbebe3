package main

import (
	"fmt"
	"log"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "Go on 8081") })
	log.Println("listening on :8081")
	log.Fatal(http.ListenAndServe(":8081", nil))
}
