-- Keys and the indexes an extract needs, made after the load because that is faster.
SET LOCAL maintenance_work_mem = '256MB';
ALTER TABLE crm.users ADD PRIMARY KEY (user_id);
ALTER TABLE crm.products ADD PRIMARY KEY (product_id);
ALTER TABLE crm.accounts ADD PRIMARY KEY (account_id);
ALTER TABLE crm.campaigns ADD PRIMARY KEY (campaign_id);
ALTER TABLE crm.contacts ADD PRIMARY KEY (contact_id);
ALTER TABLE crm.leads ADD PRIMARY KEY (lead_id);
ALTER TABLE crm.campaign_members ADD PRIMARY KEY (member_id);
ALTER TABLE crm.opportunities ADD PRIMARY KEY (opportunity_id);
ALTER TABLE crm.cases ADD PRIMARY KEY (case_id);
ALTER TABLE crm.tasks ADD PRIMARY KEY (task_id);
ALTER TABLE crm.recommendations_shown ADD PRIMARY KEY (recommendation_id);
ALTER TABLE survey.self_identification ADD PRIMARY KEY (response_id);
ALTER TABLE ml.score_log ADD PRIMARY KEY (decision_id);
CREATE INDEX score_log_decided_at ON ml.score_log USING brin (decided_at);
ANALYZE crm.contacts, crm.leads, crm.opportunities, crm.campaign_members,
survey.self_identification, ml.score_log;
