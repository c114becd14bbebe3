require("http")
  .createServer((request, response) => response.end("Node on 3000"))
  .listen(3000, () => console.log("listening on port 3000"));
