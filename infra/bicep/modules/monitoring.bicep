metadata description = 'Where logs and telemetry go: a Log Analytics workspace with Application Insights on it.'

import { assignment, roleIds, roleNames } from 'roles.bicep'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the Log Analytics workspace.')
param logAnalyticsName string

@description('Name of Application Insights.')
param appInsightsName string

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param retentionInDays int = 30

@description('Whether the deployment is the private one. Its logs have no daily limit: one that is reached would silence the alerts.')
param isPrivate bool = false

@description('Object ID of the identity of the cluster\'s nodes; empty and they send no telemetry.')
param scoringPrincipalId string = ''

@description('Make the assignments. Without it they are only told.')
param assignRoles bool = true

var nodesWhy = 'Nodes send spans and log lines of runs.'

// Both stay reachable from the internet, in private deployments too, and refuse whoever has no role. Closing them takes
// an Azure Monitor private link scope, which changes where every resource of the network sends its logs.
var publicAccess = 'Enabled'

resource logs 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: logAnalyticsName
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionInDays
    workspaceCapping: {
      dailyQuotaGb: isPrivate ? -1 : 2
    }
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
    publicNetworkAccessForIngestion: publicAccess
    publicNetworkAccessForQuery: publicAccess
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: appInsightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logs.id
    DisableLocalAuth: true
    publicNetworkAccessForIngestion: publicAccess
    publicNetworkAccessForQuery: publicAccess
  }
}

resource nodesSend 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles && !empty(scoringPrincipalId)) {
  name: guid(insights.id, scoringPrincipalId, roleIds.monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: scoringPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.monitoringMetricsPublisher)
    description: nodesWhy
  }
}

@description('Resource ID of the Log Analytics workspace.')
output logAnalyticsId string = logs.id

@description('Resource ID of Application Insights.')
output appInsightsId string = insights.id

@description('Name of Application Insights.')
output appInsightsName string = insights.name

@description('Every assignment, made or not.')
output assignments assignment[] = empty(scoringPrincipalId)
  ? []
  : [
      {
        principalId: scoringPrincipalId
        principalType: 'ServicePrincipal'
        roleId: roleIds.monitoringMetricsPublisher
        role: roleNames[roleIds.monitoringMetricsPublisher]
        scope: insights.id
        why: nodesWhy
      }
    ]
