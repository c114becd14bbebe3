"""A stack that can be deployed, refreshed and destroyed, wherever it runs."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from automation import code_deploy, retrying
from automation.adoption import Adoption, Foretold, Planned, Wanted, adopt
from automation.answering import wait_for_answer
from automation.drift import DriftReport, find_drift
from automation.engines import EngineName, StackEngine
from automation.engines.workspace import StackSource
from automation.events import Deployment, Foreseen, Progress, Report, Verified
from automation.image_store import REPOSITORY, prune, require_held
from automation.images import asked_services, image_of, pin
from automation.impact import impacts
from automation.ledger import Ledger
from automation.reachability import Door, door_of
from automation.target import Target
from automation.verification import verify_service
from automation.watching import watched
from infra.deployments.verdict import State, Verdict
from infra.pure.names import StackNames
from localcloud import console
from localcloud.engine import Event, Op, Operation, Outcome, ResourceEvent
from localcloud.errors import LocalCloudError


class Stack(ABC):
    """One stack of the program, and the cloud it runs in.

    Args:
        source: The files that describe it.
        report: Called with every event of an operation.
    """

    def __init__(self, source: StackSource, report: Report) -> None:
        self.source = source
        self._report = report

    @property
    def name(self) -> str:
        """Name of the stack."""
        return self.source.stack

    @property
    @abstractmethod
    def target(self) -> Target:
        """The cloud as the AWS clients see it."""

    @property
    @abstractmethod
    def engine_name(self) -> EngineName:
        """The engine that an operation would use now."""

    @property
    def ledger(self) -> Ledger:
        """The stack's releases."""
        return Ledger(self.target, self.source.project_name)

    @abstractmethod
    def _engine(self, *, start: bool) -> StackEngine:
        """The engine for an operation.

        Args:
            start: Whether the operation may start what the stack runs in.
        """

    @abstractmethod
    def _prepare(self) -> StackEngine:
        """Make ready what an `up` needs, and return its engine."""

    def with_overrides(self, overrides: Mapping[str, str]) -> "Stack":
        """The same stack with configuration that wins over its file, for one operation."""
        changed = replace(self.source, overrides={**self.source.overrides, **overrides})
        return self._with(changed, self._report)

    def _address(self, url: str) -> str:
        """Where the URL can be asked from here."""
        return url

    @abstractmethod
    def _with(self, source: StackSource, report: Report) -> "Stack":
        """The same stack described otherwise, or reporting to somebody else."""

    def up(self, *, how: str = "up", origin: str = "", check: bool = True) -> Deployment:
        """Deploy, follow every service's deployment to its end, and ask the URL until it answers.

        Ctrl-C ends it with an outcome that is interrupted, and with what runs then as its problem.

        Args:
            how: What the ledger says of it.
            origin: What a rollback or promotion took its images from.
            check: Whether a deployment that is not ok is an error, so that nobody overlooks it; else look at `ok`.

        Raises:
            DeploymentFailed: It is not ok: failed, rolled back, stuck, interrupted, or the URL does not answer.
            LocalCloudError: It could not begin.
        """
        deployment = self._deploy(how, origin)
        return deployment.require_ok() if check else deployment

    def _deploy(self, how: str, origin: str) -> Deployment:
        outcome = Outcome(operation=Operation.UP, ok=False, interrupted=True)
        try:
            engine = self._prepare()
            retrying.prepare(self.target, engine, self.say)
            with self._watched():
                outcome = engine.up()
                undeployed = self._deploy_by_code_deploy(engine) if outcome.ok else {}
            if not outcome.interrupted:
                return self._followed(engine, outcome, undeployed, how, origin)
        except KeyboardInterrupt:  # before the engine began, or while ECS was followed
            outcome = replace(outcome, ok=False, interrupted=True)
        return Deployment(ok=False, url=None, outcome=outcome, problem=self._what_runs())

    def _followed(
        self,
        engine: StackEngine,
        outcome: Outcome,
        undeployed: Mapping[str, str],
        how: str,
        origin: str,
    ) -> Deployment:
        """What came of an engine's update: what ECS runs in the end, and whether the URL answers."""
        verdicts, images = self._verify(engine, outcome, undeployed)
        self._record(verdicts, images, how, origin)
        self._let_go(engine, verdicts)
        ok = outcome.ok and all(verdict.ok for verdict in verdicts.values())
        url = outcome.outputs.get("url")
        if not ok or not isinstance(url, str):
            return Deployment(ok=ok, url=None, outcome=outcome, verdicts=verdicts, images=images)
        address = self._address(url)
        if address != url:
            console.info(f"{url} becomes the address below on the local cloud, which has no TLS")
        door = Door(url=address) if self.target.local else door_of(address, engine.resources())
        answer = wait_for_answer(door)
        problem = (
            "" if answer.ok else f"{address} does not answer after {answer.seconds:.0f} s: {answer.detail}"
        )
        if answer.unseen:
            console.warn(answer.unseen)
        return Deployment(
            ok=answer.ok,
            url=address if answer.ok else None,
            outcome=outcome,
            verdicts=verdicts,
            problem=problem,
            images=images,
            unseen=answer.unseen,
        )

    def up_with_images(
        self, images: Mapping[str, str], *, how: str = "up", origin: str = "", check: bool = True
    ) -> Deployment:
        """Deploy with these images instead of building, whatever the stack file says.

        Args:
            images: Service name → `repository@sha256:…`.
            how: What the ledger says of it.
            origin: What the images were taken from.
            check: As of `up`.

        Raises:
            DeploymentFailed: As of `up`.
            LocalCloudError: An image is not in its repository any more; nothing was touched.
        """
        require_held(self.target, images)
        overrides = pin(self.resources(), images)
        return self.with_overrides(overrides).up(how=how, origin=origin, check=check)

    def preview(self) -> Outcome:
        """Say what `up` would do and what that costs users (`Foreseen`), and change nothing."""
        planned: list[ResourceEvent] = []

        def report(event: Event | Progress | Verified | Foreseen) -> None:
            if isinstance(event, ResourceEvent):
                planned.append(event)
            self._report(event)

        engine = self._with(self.source, report)._engine(start=True)
        outcome = engine.preview()
        if found := impacts(planned, engine.resources()):
            self._report(Foreseen(impacts=tuple(found)))
        return outcome

    def adopt(self, wanted: Wanted) -> Adoption:
        """Say which resources that the program would create exist already, and change nothing.

        Raises:
            LocalCloudError: The preview failed, something is not there, or something could be several objects.
        """
        planned: dict[str, Planned] = {}

        def note(event: Event | Progress | Verified | Foreseen) -> None:
            if isinstance(event, ResourceEvent) and event.op is Op.CREATE:
                planned[event.urn] = Planned(urn=event.urn, type=event.type, parent=event.parent)

        outcome = self._with(self.source, note)._engine(start=True).preview()
        if not outcome.ok:
            raise LocalCloudError("\n".join(outcome.errors) or "the preview failed")
        return adopt(self.target, planned.values(), wanted)

    def rehearse(self, adoption: Adoption) -> dict[Planned, Foretold]:
        """Say what `up` would do to what was found, after its import; nothing is changed, the stack's state neither.

        Raises:
            LocalCloudError: The rehearsal could not be held, or failed.
        """
        events: dict[str, ResourceEvent] = {}

        def note(event: Event | Progress | Verified | Foreseen) -> None:
            # A replaced object has one more event, of the deletion of the old one.
            if isinstance(event, ResourceEvent) and event.op in (Op.UPDATE, Op.REPLACE):
                events[event.urn] = event

        outcome = self._with(self.source, note)._engine(start=True).rehearse(adoption.imports)
        if not outcome.ok:
            raise LocalCloudError("\n".join(outcome.errors) or "the rehearsal failed")
        return {
            item: Foretold(op=event.op, changes=event.changes)
            for item in adoption.found
            if (event := events.get(item.urn))
        }

    def import_existing(self, adoption: Adoption) -> Outcome:
        """Take what was found into the stack's state; the objects stay as they are."""
        return self._prepare().adopt(adoption.imports)

    def refresh(self) -> Outcome:
        """Bring the recorded state up to date with what exists."""
        return self._engine(start=False).refresh()

    def drift(self) -> DriftReport:
        """Say what was changed outside of the program, and change nothing."""
        return find_drift(lambda report: self._with(self.source, report)._engine(start=False), self.target)

    def destroy(self) -> Outcome:
        """Delete every resource of the stack."""
        return self._engine(start=False).destroy()

    def remove(self) -> Outcome:
        """Delete every resource of the stack, and then the stack itself."""
        outcome = self.destroy()
        if outcome.ok:
            self._forget()
        return outcome

    @abstractmethod
    def _forget(self) -> None:
        """Remove the empty stack from where states are kept."""

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; secrets are masked."""
        return self._engine(start=False).outputs()

    def output(self, name: str) -> Any:
        """One output.

        Raises:
            LocalCloudError: The stack has none of that name, which mostly means that it is not deployed.
        """
        found = self.outputs()
        if name not in found:
            raise LocalCloudError(
                f"stack {self.name!r} has no output {name!r}", fix=f"deploy it: {self.how_to_deploy}"
            )
        return found[name]

    @property
    def url(self) -> str:
        """Where the stack answers, from here.

        Raises:
            LocalCloudError: The stack is not deployed, or has no load balancer.
        """
        if "url" not in self.outputs() and self.outputs():
            raise LocalCloudError(
                f"stack {self.name!r} has no URL: none of its services is reached through a load balancer",
                fix="set services.<name>.route.enabled to true for one that should be",
            )
        return self._address(str(self.output("url")))

    def services(self) -> dict[str, str]:
        """The services: name in the settings → name of the ECS service; also after a deployment that failed.

        Raises:
            LocalCloudError: There are none, which mostly means that the stack is not deployed.
        """
        # A failed first deployment exports nothing of what failed.
        found: dict[str, str] = self.outputs().get("services") or {
            item.key: item.name for item in asked_services(self.resources())
        }
        if not found:
            raise LocalCloudError(
                f"stack {self.name!r} has no services", fix=f"deploy it: {self.how_to_deploy}"
            )
        return found

    def resources(self) -> list[Any]:
        """The resources of the last update."""
        return self._engine(start=False).resources()

    def require_cloud(self) -> None:  # noqa: B027  AWS is always there
        """Make sure that the stack's cloud is there, starting it where that can be done."""

    def say(self, line: str) -> None:
        """Tell the stack's reporter what goes on."""
        self._report(Progress(message=line))

    @property
    @abstractmethod
    def how_to_deploy(self) -> str:
        """The command that deploys this stack, for messages."""

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Say what ECS does while the engine waits for it."""
        # Asked anew until there is one: the first `up` creates the cluster.
        found: list[str] = []

        def cluster() -> str | None:
            if not found:
                described = self.target.ecs.describe_clusters(clusters=[self._cluster])["clusters"]
                found.extend(item["clusterArn"] for item in described if item["status"] == "ACTIVE")
            return found[0] if found else None

        with watched(self.target, cluster, lambda line: self._report(Progress(message=line))):
            yield

    @property
    def _cluster(self) -> str:
        return StackNames(self.source.project_name, self.name).cluster

    @property
    def _present_cluster(self) -> str:
        """The cluster that the services run in, which may be somebody else's."""
        return str(self.outputs().get("cluster") or self._cluster)

    def _deploy_by_code_deploy(self, engine: StackEngine) -> dict[str, str]:
        return code_deploy.deploy(
            self.target, engine.resources(), lambda line: self._report(Progress(message=line))
        )

    def _verify(
        self, engine: StackEngine, outcome: Outcome, undeployed: Mapping[str, str]
    ) -> tuple[dict[str, Verdict], dict[str, str]]:
        """Compare what ECS runs with what was asked: verdicts and images by the service's name in the settings."""
        resources = engine.resources()
        verdicts: dict[str, Verdict] = {}
        images: dict[str, str] = {}
        for service in asked_services(resources):
            verdict = verify_service(
                self.target,
                service.cluster,
                service.name,
                service.task_definition,
                report=lambda line: self._report(Progress(message=line)),
            )
            if not verdict.ok and service.name in undeployed:
                verdict = replace(verdict, state=State.ROLLED_BACK, reason=undeployed[service.name])
            # The program's hook explains a rollback itself; its words need not be said twice.
            if verdict.details and verdict.details[-1].strip() in "\n".join(outcome.errors):
                verdict = replace(verdict, details=())
            if verdict.state is not State.OUT_OF_SIGHT:
                images[service.key] = image_of(self.target, service.task_definition, service.key)
            verdicts[service.key] = verdict
            self._report(Verified(verdict=verdict))
        return verdicts, images

    def _record(
        self, verdicts: Mapping[str, Verdict], images: Mapping[str, str], how: str, origin: str
    ) -> None:
        for key, verdict in verdicts.items():
            image = images.get(key, "")
            if verdict.state is State.MISSING or "@" not in image:
                continue
            try:
                self.ledger.record(
                    key,
                    image=image,
                    task_definition=verdict.asked,
                    ok=verdict.ok,
                    how=how,
                    source=origin,
                    folder=self.source.folder,
                )
            except (BotoCoreError, ClientError) as error:
                console.warn(f"the release of {key} could not be recorded: {error}")

    def _let_go(self, engine: StackEngine, verdicts: Mapping[str, Verdict]) -> None:
        """Delete the images that nobody needs any more of the services that run what was asked."""
        done = {key: verdict.service for key, verdict in verdicts.items() if verdict.ok}
        if done:
            prune(
                self.target,
                self.ledger,
                self._present_cluster,
                done,
                engine.resources(),
                report=self.say,
            )

    def make_repositories(self, images: Mapping[str, str]) -> Outcome:
        """Make the repositories of services and nothing else, so that images can be copied into them.

        Args:
            images: Service → `repository@sha256:…` that it will run.
        """
        pinned = {
            f"services.{service}.build.digest": image.partition("@")[2] for service, image in images.items()
        }
        # Its parents are targets as well: a resource cannot be made below one that is not there.
        targets = [
            pattern.format(service)
            for service in images
            for pattern in (
                "**:index:Microservice::{}",
                "**:index:ContainerImage::{}",
                f"**${REPOSITORY}::{{}}",
            )
        ]
        stack = self.with_overrides(pinned)
        return stack._prepare().up(targets)

    def _what_runs(self) -> str:
        """What a run that was stopped leaves behind, in one sentence per service."""
        from automation.fleet import read_fleet  # noqa: PLC0415  only an interrupted run needs it

        try:
            own = set(self.services().values())
            fleet = read_fleet(self.target, self._present_cluster, events=0)
            services = [view for view in fleet if view.name in own]
        except (LocalCloudError, BotoCoreError, ClientError):
            return "stopped; no service runs yet"
        lines = [
            f"{view.name}: {view.running}/{view.desired} tasks, "
            + " and ".join(f"{item.revision} {item.rollout.lower()}" for item in view.deployments)
            for view in services
        ]
        return "stopped; running now: " + ("; ".join(lines) or "no service")
