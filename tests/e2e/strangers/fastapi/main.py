from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/fastapi")
def root():
    return "FastAPI on 8080"
