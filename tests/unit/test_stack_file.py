"""The keys of a stack file carry no project name; the old spelling is read, both at once are not."""

from pathlib import Path

from infra.settings.stack_file import of_another_project, spelt_twice


def complaints(folder: Path, stack: str) -> list[str]:
    (folder / "Pulumi.dev.yaml").write_text(stack)
    return [problem.render() for problem in spelt_twice(str(folder), "dev", "shop")]


def test_either_spelling_alone_is_fine(tmp_path: Path) -> None:
    assert not complaints(tmp_path, "config: {services: {web: {}}, shop:production: false, aws:region: x}")


def test_both_spellings_of_one_key_are_one_complaint(tmp_path: Path) -> None:
    assert complaints(tmp_path, "config: {services: {web: {}}, shop:services: {web: {}}}") == [
        "services: is in the stack file twice, also as shop:services; allowed: one of the two\n"
        "  fix: delete one of the two from Pulumi.dev.yaml"
    ]


def test_files_elsewhere_are_found_and_unreadable_ones_left_to_pulumi(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config: {a: 1, shop:a: 2}")
    assert len(spelt_twice(str(tmp_path), "dev", "shop")) == 1
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config: {a: 1, shop:a")
    assert not spelt_twice(str(tmp_path), "dev", "shop")
    assert not spelt_twice(None, "dev", "shop")


def test_keys_of_the_projects_former_name_are_told() -> None:
    keys = ["ecs-microservice:services", "ecs-microservice:production", "aws:region", "kubernetes:cluster"]
    found = [problem.render(namespace) for namespace, problem in of_another_project(keys, "shop")]
    assert found == [
        "ecs-microservice:production: belongs to a project called ecs-microservice, and this one is shop; "
        "allowed: production\n  fix: write production in the stack file, without ecs-microservice:",
        "ecs-microservice:services: belongs to a project called ecs-microservice, and this one is shop; "
        "allowed: services\n  fix: write services in the stack file, without ecs-microservice:",
    ]
    assert not of_another_project([*keys, "shop:services"], "shop")
