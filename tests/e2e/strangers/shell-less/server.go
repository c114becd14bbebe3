package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) > 1 {
		answer, err := http.Get("http://localhost:8082/")
		if err != nil || answer.StatusCode != 200 {
			os.Exit(1)
		}
		return
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "no shell, and a HEALTHCHECK") })
	log.Println("listening on :8082")
	log.Fatal(http.ListenAndServe(":8082", nil))
}
