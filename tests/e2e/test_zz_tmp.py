import time, subprocess, json
from tests.e2e.test_compose import topology  # noqa
def test_demo(topology):
    c=topology.containers["demo-crm"]; t=time.monotonic()
    c.environment["SAMPLE_CRM_LEADS"]="60000"
    c.start(); assert c.finish(250)==0, c.tail(); print("demo", time.monotonic()-t)
    token=topology.token()
    import urllib.request
    def patch(path, given):
        port=topology.containers["airflow-apiserver"].here("8080")
        r=urllib.request.Request(f"http://127.0.0.1:{port}{path}",data=json.dumps(given).encode(),method="PATCH",headers={"Content-Type":"application/json","Authorization":f"Bearer {token}"})
        return json.load(urllib.request.urlopen(r))
    for dag in ("audit_lead_scoring",):
        patch(f"/api/v2/dags/{dag}", {"is_paused": False})
        for v in ("1","2"):
            run=topology.ask(f"/api/v2/dags/{dag}/dagRuns", token=token, given={"logical_date": None, "conf": {"model_version": v, "as_of": "2026-06-29T00:00:00+00:00"}})
            t=time.monotonic()
            while run["state"] in ("queued","running") and time.monotonic()-t<200:
                time.sleep(1); run=topology.ask(f"/api/v2/dags/{dag}/dagRuns/{run['dag_run_id']}", token=token)
            print(v, run["state"], time.monotonic()-t)
            for ti in topology.ask(f"/api/v2/dags/{dag}/dagRuns/{run['dag_run_id']}/taskInstances", token=token)["task_instances"]:
                print("  ", ti["task_id"], ti["state"], ti["duration"])
    root=topology.containers["airflow-scheduler"].root
    print(subprocess.run(["find", "-L", str(root/"var/lib/fairness-audit"), "-maxdepth","3"],capture_output=True,text=True).stdout[:3000])
    logs=subprocess.run(f"cd {root}/opt/airflow/logs/ && for f in $(ls -d dag_id=audit*/*/*/*.log); do echo == $f; grep -iE 'error|block|allow|Exception' $f | tail -4 | cut -c1-600; done",shell=True,capture_output=True,text=True).stdout; print(logs[:8000])
    port=topology.containers["data-docs"].here("8090")
    subprocess.run(["cp","-rL",str(root/"var/lib/fairness-audit/data_docs"),"/tmp/w/docs"])
    print(subprocess.run(["ps","-eo","pgid,rss,args","--sort=-rss"],capture_output=True,text=True).stdout[:3000])
